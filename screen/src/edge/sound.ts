// Two short tones for a new alarm of high priority; nothing else makes a sound.

let audio: AudioContext | null = null;

/** Browsers let a page sound only after somebody has touched it: called by the switch. */
export function allowSound(): void {
  audio ??= new AudioContext();
  void audio.resume();
}

export function chime(): void {
  if (!audio) return;
  for (const [at, hertz] of [
    [0, 660],
    [0.22, 880],
  ] as const) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.15, audio.currentTime + at);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.2);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + at);
    tone.stop(audio.currentTime + at + 0.2);
  }
}
