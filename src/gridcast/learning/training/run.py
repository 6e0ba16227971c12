"""One run, from history files to a model file with its report."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gridcast.learning.training import smoothing
from gridcast.learning.training.config import Config, parse_config, write_config
from gridcast.learning.training.contracts import contract_of
from gridcast.learning.training.dataset import Dataset, Source, read_sources
from gridcast.learning.training.edge import measure_forms
from gridcast.learning.training.folder import RunFolder, RunRecorder, RunState, Status
from gridcast.learning.training.judge import Judged, TrainingJudge
from gridcast.learning.training.learn import Learning, make_fitting
from gridcast.learning.training.prepare import Prepared, prepare
from gridcast.learning.training.progress import TrainingProgress
from gridcast.learning.training.provenance import Provenance, file_digest
from gridcast.learning.training.report.card import write_card
from gridcast.learning.training.report.write import write_report
from gridcast.learning.training.results import MODEL, LambdaEffect, Results, TimeSpan
from gridcast.models.contract import Contract, TrainedOn
from gridcast.models.contract import Split as SplitOfContract
from gridcast.models.evaluation.forecaster import Forecaster
from gridcast.models.features import FeatureSpec
from gridcast.models.network import Network
from gridcast.models.seal import seal
from gridcast.models.training.edge import quantised
from gridcast.models.training.export import export, plain_graph, whole_graph
from gridcast.models.training.fit import Fitting
from gridcast.models.training.networks import ForecasterNetwork as Torch
from gridcast.stream.errors import UserError
from gridcast.units import utc_time

CONFIG, DATA, SCORES, EDGE = "config.toml", "data.json", "scores.json", "edge.json"
MODEL_FILE, CARD = "model.onnx", "model-card.md"
Clock = Callable[[], datetime]


def now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)


class DataFile(_Kept):
    """A file of a run."""

    file: Path
    digest: str = Field(description="SHA-256")
    mapping: Path
    mapping_digest: str = Field(description="SHA-256")
    title: str
    source: str
    licence: str
    series: int
    split: dict[str, TimeSpan] = Field(description="train, validation and test")


class DataOfRun(_Kept):
    """The data of a run: `data.json`."""

    files: tuple[DataFile, ...]
    features: FeatureSpec = Field(description="what the network is shown")
    provenance: Provenance
    model: str = Field(description="the model's name")


def begin(config: Config, runs: Path, model: str, clock: Clock = now) -> RunFolder:
    """Create the folder of a new run."""
    folder = RunFolder.create(runs, model, clock())
    folder.begin(Status(run=folder.run, state=RunState.RUNNING, started=clock()))
    folder.write(CONFIG, write_config(config))
    return folder


def train(
    folder: RunFolder,
    files: Sequence[Path],
    mappings: Sequence[Path],
    model: str,
    show: TrainingProgress,
    *,
    clock: Clock = now,
) -> None:
    """Train a new model. The folder's status tells how it ended, in any case."""
    with RunRecorder(folder, clock):
        show.stage(f"run {folder.run}, in {folder.path}")
        _Run(folder, show).go(read_sources(files, mappings), model)


def resume(folder: RunFolder, show: TrainingProgress, *, clock: Clock = now) -> None:
    """Resume a run that was interrupted or failed."""
    if folder.status.state is RunState.DONE:
        raise UserError(f"{folder.run} is done: there is nothing to go on with")
    if not folder.has(DATA):
        raise UserError(f"{folder.run} ended before its data were read: start anew")
    try:
        data = DataOfRun.model_validate_json(folder.read(DATA))
    except ValidationError as error:
        raise UserError(f"{folder.path / DATA} cannot be read: {error}") from None
    with RunRecorder(folder, clock):
        folder.update(state=RunState.RUNNING, ended=None, why=None, traceback=None)
        for file in data.files:
            for path, digest in ((file.file, file.digest), (file.mapping, file.mapping_digest)):
                if not path.is_file() or file_digest(path) != digest:
                    raise UserError(f"{path} is not what {folder.run} began with: start anew")
        show.stage(f"run {folder.run} goes on, in {folder.path}")
        sources = read_sources(
            [file.file for file in data.files], [file.mapping for file in data.files]
        )
        _Run(folder, show).go(sources, data.model)


class _Run:
    """The stages of a run, in order."""

    def __init__(self, folder: RunFolder, show: TrainingProgress) -> None:
        self._folder, self._show = folder, show
        self._config = parse_config(folder.read(CONFIG).decode(), str(folder.path / CONFIG))
        self._provenance = Provenance.of_here()

    def go(self, sources: Sequence[Source], model: str) -> None:
        """Run all stages."""
        config = self._config
        self._stage("laying the data out by slot")
        data = prepare(sources, config)
        judges = [
            TrainingJudge(dataset, data.builder, config.evaluation) for dataset in data.datasets
        ]
        kept = DataOfRun(
            files=tuple(map(_file_of_run, sources, data.datasets, judges)),
            features=data.spec,
            provenance=self._provenance,
            model=model,
        )
        self._folder.write(DATA, kept.model_dump_json(indent=2) + "\n")

        fitting = make_fitting(data, config)
        learning = Learning(self._folder, fitting, self._show)
        learning.resume()
        learning.run()

        self._stage("writing the model as ONNX")
        graph = whole_graph(fitting.forecaster)
        contract = self._contract(data, kept)
        network = Network.load(seal(graph, contract))
        uncalibrated = Network.load(export(fitting.forecaster, contract, calibrated=False))
        judged = [self._judge(judge, network, uncalibrated) for judge in judges]
        results = self._results(fitting, judged, self._effect(data, judges[0]))
        self._folder.write(SCORES, results.model_dump_json(indent=1) + "\n")
        contract = contract.model_copy(update={"scores": _scores(results)})
        sealed = seal(graph, contract)
        self._folder.write(MODEL_FILE, sealed)

        self._stage("measuring the model file")
        small = quantised(plain_graph(fitting.forecaster))
        forms = {"fp32": sealed, "int8": seal(small, contract)}
        edge = measure_forms(forms, data.datasets[0], data.builder, judges[0])
        self._folder.write(EDGE, edge.model_dump_json(indent=1) + "\n")

        self._stage("writing the report")
        windows = [smoothing.window_of(config, dataset, data.spec) for dataset in data.datasets]
        pairs = list(zip(judged, windows, strict=True))
        write_report(self._folder, results, pairs, learning.losses.rows, edge)
        archives = [dataset.archive for dataset in data.datasets]
        digest = hashlib.sha256(sealed).hexdigest()
        self._folder.write(CARD, write_card(contract, results, archives, digest))

    def _stage(self, what: str) -> None:
        self._show.stage(what)
        self._folder.update(stage=what)

    def _contract(self, data: Prepared, kept: DataOfRun) -> Contract:
        return contract_of(
            self._config,
            data.spec,
            self._provenance,
            model=kept.model,
            run=self._folder.run,
            trained_on=tuple(map(_trained_on, kept.files, data.datasets)),
        )

    def _judge(self, judge: TrainingJudge, network: Network, uncalibrated: Network) -> Judged:
        chosen = self._config.training
        baselines: dict[str, Forecaster] = {}
        for name in self._config.evaluation.baselines:
            self._stage(f"{judge.title}: fitting the baseline {name.replace('_', ' ')}")
            baselines[name] = judge.fit_baseline(name, chosen.seed, chosen.threads)
        self._stage(f"{judge.title}: judging")
        return judge.judge(network, uncalibrated, baselines)

    def _effect(self, data: Prepared, judge: TrainingJudge) -> LambdaEffect | None:
        if not self._config.evaluation.effect_of_lam:
            return None
        self._stage("measuring what lam does")
        return smoothing.measure(self._config, data.datasets[0], data.spec, judge)

    def _results(
        self, fitting: Fitting, judged: Sequence[Judged], effect: LambdaEffect | None
    ) -> Results:
        return Results(
            network=self._config.network.name,
            parameters=fitting.parameters,
            members=tuple(fitting.best),
            weights_digest=_digest(fitting.forecaster),
            data=tuple(judged_file.scores for judged_file in judged),
            smoothing=effect,
        )


def _file_of_run(source: Source, dataset: Dataset, judge: TrainingJudge) -> DataFile:
    return DataFile(
        file=source.file.resolve(),
        digest=source.digest,
        mapping=source.mapping_file.resolve(),
        mapping_digest=file_digest(source.mapping_file),
        title=dataset.title,
        source=dataset.source,
        licence=dataset.licence,
        series=len(dataset.archive.series),
        split=judge.split,
    )


def _digest(forecaster: Torch) -> str:
    """Return the SHA-256 of all weights."""
    digest = hashlib.sha256()
    for name, weights in sorted(forecaster.state_dict().items()):
        digest.update(name.encode() + weights.numpy().tobytes())
    return digest.hexdigest()


def _trained_on(file: DataFile, dataset: Dataset) -> TrainedOn:
    archive = dataset.archive
    first, last = archive.begin_ms(np.array([0, len(archive) - 1])).tolist()
    spans = {name: (span.first, span.end) for name, span in file.split.items()}
    return TrainedOn(
        title=file.title,
        source=file.source,
        licence=file.licence,
        digest=file.digest,
        series=file.series,
        first=utc_time(first),
        last=utc_time(last),
        split=SplitOfContract(**spans),
    )


_IN_CONTRACT = ("mape_1h", "mape_6h", "mape_24h", "mape", "nmae", "mase", "r2", "pinball", "crps")


def _scores(results: Results) -> dict[str, dict[str, float]]:
    """Return the scores that the contract carries."""
    scores_by_title = {}
    for data in results.data:
        scores = data.test[MODEL]
        names = (*_IN_CONTRACT, *(name for name in scores if name.startswith("coverage_")))
        scores_by_title[data.title] = {
            name: round(value, 6) for name in names if (value := scores.get(name)) is not None
        }
    return scores_by_title
