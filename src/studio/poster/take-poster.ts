/** The longer side, in pixels. */
const MAX_SIDE = 1280;
/** What the server takes, in bytes. */
const MAX_BYTES = 512 * 1024;
/** The second is for pictures that are too large in the first. */
const QUALITIES = [0.8, 0.5];
/** In ms. */
const FRAME_TIMEOUT = 3000;
const SAMPLE = { width: 32, height: 18 };
/** A picture is black where no part of it is brighter than this, of 255. */
const BLACK = 32;

/** A JPEG of what a video track shows now; null where that is black, or nothing came in time. The track stays its owner's. */
export async function takePoster(track: MediaStreamTrack): Promise<Blob | null> {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  try {
    if (!(await showsFrame(video)) || isBlack(video)) return null;
    const { videoWidth, videoHeight } = video;
    const scale = Math.min(1, MAX_SIDE / Math.max(videoWidth, videoHeight));
    const { canvas } = draw(video, Math.round(videoWidth * scale), Math.round(videoHeight * scale));
    for (const quality of QUALITIES) {
      const jpeg = await new Promise<Blob | null>((settle) => canvas.toBlob(settle, 'image/jpeg', quality));
      if (jpeg && jpeg.size <= MAX_BYTES) return jpeg;
    }
    return null;
  } finally {
    video.srcObject = null;
  }
}

async function showsFrame(video: HTMLVideoElement): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), FRAME_TIMEOUT);
  // Settles with the first frame; rejects when the source is taken away.
  video.play().then(
    () => resolve(video.videoWidth > 0),
    () => resolve(false),
  );
  const shows = await promise;
  clearTimeout(timer);
  return shows;
}

function isBlack(video: HTMLVideoElement): boolean {
  const { context } = draw(video, SAMPLE.width, SAMPLE.height);
  const { data } = context.getImageData(0, 0, SAMPLE.width, SAMPLE.height);
  // Every fourth is the opacity.
  return data.every((value, index) => index % 4 === 3 || value <= BLACK);
}

function draw(video: HTMLVideoElement, width: number, height: number) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) throw new Error('no 2d context');
  context.drawImage(video, 0, 0, width, height);
  return { canvas, context };
}
