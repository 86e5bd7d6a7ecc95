import type { BrowserContext } from 'playwright-core';

/** The microphone's tones: one after the other without a pause, each for so long, as high as the wall clock says. */
export const COUNTED_TONES = { length: 500, count: 16, lowest: 500, step: 125 } as const;

/**
 * A camera whose picture says when it was taken, and a microphone with counted tones, in place of the browser's own.
 * The picture is a grid of 8 × 6 black and white cells, most significant bit first: 16 bits frame number, 28 bits
 * wall clock in ms, 4 bits checksum. Cells are large enough to survive any encoder. A tone begins at every multiple of
 * its length on the wall clock ({@link COUNTED_TONES}, ms and Hz).
 */
export async function installTestCamera(context: BrowserContext): Promise<void> {
  await context.addInitScript((tones) => {
    const columns = 8;
    const rows = 6;
    const checksum = (bits: readonly number[]) => {
      let sum = 0;
      for (let i = 0; i < bits.length; i += 4) {
        sum ^=
          ((bits[i] ?? 0) << 3) | ((bits[i + 1] ?? 0) << 2) | ((bits[i + 2] ?? 0) << 1) | (bits[i + 3] ?? 0);
      }
      return sum;
    };
    const toBits = (value: number, count: number) =>
      Array.from({ length: count }, (_, i) => Math.floor(value / 2 ** (count - 1 - i)) % 2);

    /** Keeps a tone's pitch with the wall clock; answers what ends that. */
    const countTones = (audio: AudioContext, tone: OscillatorNode) => {
      // The context's clock stands still between two looks at it: the newest of many says when it really is.
      let leads: number[] = [];
      let next = Math.ceil(Date.now() / tones.length) * tones.length;
      const timer = setInterval(() => {
        const now = Date.now();
        leads = [...leads.slice(-60), audio.currentTime * 1000 - now];
        const last = Math.floor((now + tones.length / 2) / tones.length) * tones.length;
        for (next = Math.max(next, last); next <= last; next += tones.length) {
          const pitch = tones.lowest + tones.step * ((next / tones.length) % tones.count);
          tone.frequency.setValueAtTime(pitch, Math.max(0, next + Math.max(...leads)) / 1000);
        }
      }, 20);
      return () => clearInterval(timer);
    };

    const openTestCamera = (constraints: MediaStreamConstraints) => {
      const stream = new MediaStream();
      if (constraints.video) {
        const canvas = document.createElement('canvas');
        canvas.width = 640;
        canvas.height = 360;
        const context = canvas.getContext('2d', { alpha: false });
        if (!context) throw new Error('no 2d context');
        let frame = 0;
        const draw = () => {
          const bits = [...toBits(frame % 65_536, 16), ...toBits(Date.now() % 2 ** 28, 28)];
          bits.push(...toBits(checksum(bits), 4));
          const [width, height] = [canvas.width / columns, canvas.height / rows];
          bits.forEach((bit, i) => {
            context.fillStyle = bit ? '#fff' : '#000';
            context.fillRect((i % columns) * width, Math.floor(i / columns) * height, width, height);
          });
          frame += 1;
        };
        draw();
        const timer = setInterval(draw, 1000 / 30);
        for (const track of canvas.captureStream(30).getVideoTracks()) {
          stream.addTrack(track);
          const stop = track.stop.bind(track);
          track.stop = () => {
            clearInterval(timer);
            stop();
          };
        }
      }
      if (constraints.audio) {
        const audio = new AudioContext();
        const tone = new OscillatorNode(audio, { frequency: 440 });
        const destination = audio.createMediaStreamDestination();
        tone.connect(new GainNode(audio, { gain: 0.2 })).connect(destination);
        tone.start();
        const stopCounting = countTones(audio, tone);
        for (const track of destination.stream.getAudioTracks()) {
          stream.addTrack(track);
          const stop = track.stop.bind(track);
          track.stop = () => {
            stopCounting();
            stop();
          };
        }
      }
      return stream;
    };
    Object.defineProperty(window, 'openTestCamera', { value: openTestCamera });
    navigator.mediaDevices.getUserMedia = async (constraints = {}) => openTestCamera(constraints);

    /** Reads what the camera wrote; null where the picture is none of its own. */
    const readStamp = (picture: CanvasImageSource) => {
      const canvas = new OffscreenCanvas(columns * 8, rows * 8);
      const context = canvas.getContext('2d', { willReadFrequently: true });
      if (!context) throw new Error('no 2d context');
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const bits = Array.from({ length: columns * rows }, (_, i) => {
        const x = (i % columns) * 8 + 4;
        const y = Math.floor(i / columns) * 8 + 4;
        return (data[(y * canvas.width + x) * 4] ?? 0) > 127 ? 1 : 0;
      });
      const toNumber = (part: readonly number[]) => part.reduce((sum, bit) => sum * 2 + bit, 0);
      const payload = bits.slice(0, 44);
      if (toNumber(bits.slice(44)) !== checksum(payload)) return null;
      return { frame: toNumber(payload.slice(0, 16)), time: toNumber(payload.slice(16)) };
    };
    Object.defineProperty(window, 'readStamp', { value: readStamp });
  }, COUNTED_TONES);
}

/** What one decoded picture said, and how long after it was taken it was shown. */
export interface StampedFrame {
  readonly frame: number;
  /** Milliseconds from the drawing of the picture to its presentation. */
  readonly delay: number;
}

declare global {
  interface Window {
    readonly openTestCamera: (constraints: MediaStreamConstraints) => MediaStream;
    readonly readStamp: (picture: CanvasImageSource) => { frame: number; time: number } | null;
  }
}
