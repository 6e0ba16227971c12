import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** Kafka Streams: the Processor API, RocksDB with its cache, a changelog. */
public final class KafkaStreams {
    static final int MINUTES = 60;
    static final ObjectMapper JSON = new ObjectMapper();
    static final ObjectReader READER = JSON.readerFor(Reading.class);
    static final ObjectWriter WRITER = JSON.writer();

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Reading(String series, String time, double value) {}

    public record SeriesOutput(String series, long minute, double mean, double window_mean) {}

    public record PartitionOutput(int partition, long minute, int readings, double sum) {}

    /** The newest minute, and the sum and number of readings of each of the last 60 minutes. */
    static final class Window {
        static final int BYTES = 8 + MINUTES * 12;
        long minute;
        final double[] sums = new double[MINUTES];
        final int[] counts = new int[MINUTES];

        Window(long minute) {
            this.minute = minute;
        }

        void add(long at, double value) {
            for (long passed = Math.max(minute + 1, at - MINUTES + 1); passed <= at; passed++) {
                sums[(int) (passed % MINUTES)] = 0;
                counts[(int) (passed % MINUTES)] = 0;
            }
            minute = at;
            sums[(int) (at % MINUTES)] += value;
            counts[(int) (at % MINUTES)]++;
        }

        SeriesOutput output(String series) {
            double sum = 0;
            int count = 0;
            for (int slot = 0; slot < MINUTES; slot++) {
                sum += sums[slot];
                count += counts[slot];
            }
            int slot = (int) (minute % MINUTES);
            return new SeriesOutput(series, minute, sums[slot] / counts[slot], sum / count);
        }

        byte[] toBytes() {
            ByteBuffer buffer = ByteBuffer.allocate(BYTES).putLong(minute);
            for (int slot = 0; slot < MINUTES; slot++) {
                buffer.putDouble(sums[slot]).putInt(counts[slot]);
            }
            return buffer.array();
        }

        static Window fromBytes(byte[] bytes) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            Window window = new Window(buffer.getLong());
            for (int slot = 0; slot < MINUTES; slot++) {
                window.sums[slot] = buffer.getDouble();
                window.counts[slot] = buffer.getInt();
            }
            return window;
        }
    }

    static final class Windows implements Processor<String, byte[], String, byte[]> {
        private final boolean bySeries;
        private ProcessorContext<String, byte[]> context;
        private KeyValueStore<String, Window> windows;
        private KeyValueStore<String, PartitionOutput> totals;

        Windows(boolean bySeries) {
            this.bySeries = bySeries;
        }

        @Override
        public void init(ProcessorContext<String, byte[]> context) {
            this.context = context;
            windows = context.getStateStore("windows");
            totals = bySeries ? null : context.getStateStore("totals");
        }

        @Override
        public void process(Record<String, byte[]> record) {
            try {
                Reading reading = READER.readValue(record.value());
                long minute = Math.floorDiv(Instant.parse(reading.time()).getEpochSecond(), 60L);
                Window window = windows.get(reading.series());
                if (window == null) {
                    window = new Window(minute);
                } else if (bySeries && minute > window.minute) {
                    send(record, reading.series(), window.output(reading.series()));
                }
                window.add(minute, reading.value());
                windows.put(reading.series(), window);
                if (!bySeries) {
                    total(record, minute, reading.value());
                }
            } catch (java.io.IOException error) {
                throw new java.io.UncheckedIOException(error);
            }
        }

        private void total(Record<String, byte[]> record, long minute, double value)
                throws java.io.IOException {
            int partition = context.taskId().partition();
            String key = Integer.toString(partition);
            PartitionOutput open = totals.get(key);
            if (open != null && minute > open.minute()) {
                send(record, key, open);
                open = null;
            }
            if (open == null) {
                open = new PartitionOutput(partition, minute, 0, 0);
            }
            totals.put(key, new PartitionOutput(
                partition, minute, open.readings() + 1, open.sum() + value));
        }

        private void send(Record<String, byte[]> record, String key, Object output)
                throws java.io.IOException {
            context.forward(record.withKey(key).withValue(WRITER.writeValueAsBytes(output)));
        }
    }

    static byte[] pack(PartitionOutput total) {
        return ByteBuffer.allocate(24).putInt(total.partition()).putLong(total.minute())
            .putInt(total.readings()).putDouble(total.sum()).array();
    }

    static PartitionOutput unpack(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new PartitionOutput(
            buffer.getInt(), buffer.getLong(), buffer.getInt(), buffer.getDouble());
    }

    public static void main(String[] given) {
        String broker = given[0], readings = given[1], outputs = given[2], group = given[3];
        boolean bySeries = given[4].equals("series");
        Serde<Window> windows = Serdes.serdeFrom(
            (topic, window) -> window == null ? null : window.toBytes(),
            (topic, bytes) -> bytes == null ? null : Window.fromBytes(bytes));
        Serde<PartitionOutput> totals = Serdes.serdeFrom(
            (topic, total) -> total == null ? null : pack(total),
            (topic, bytes) -> bytes == null ? null : unpack(bytes));

        Topology topology = new Topology();
        topology.addSource("readings", Serdes.String().deserializer(),
            Serdes.ByteArray().deserializer(), readings);
        topology.addProcessor("fold", () -> new Windows(bySeries), "readings");
        topology.addStateStore(Stores.keyValueStoreBuilder(
            Stores.persistentKeyValueStore("windows"), Serdes.String(), windows)
            .withCachingEnabled(), "fold");
        if (!bySeries) {
            topology.addStateStore(Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore("totals"), Serdes.String(), totals)
                .withCachingEnabled(), "fold");
        }
        topology.addSink("outputs", outputs, Serdes.String().serializer(),
            Serdes.ByteArray().serializer(), "fold");

        Properties options = new Properties();
        options.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
        options.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, broker);
        options.put(StreamsConfig.STATE_DIR_CONFIG, given[5]);
        options.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
        options.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        options.put(StreamsConfig.producerPrefix("compression.type"), "lz4");
        options.put(StreamsConfig.producerPrefix("acks"), "all");
        var streams = new org.apache.kafka.streams.KafkaStreams(topology, options);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
