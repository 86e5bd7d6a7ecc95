/** What of a colour space decides how RGB becomes YCbCr; whatever else is in it is carried along. */
type YuvColour = Pick<VideoColorSpaceInit, 'matrix' | 'fullRange'>;

/** Parts of red and blue in the luma (ITU-R BT.601 §2.5.1, BT.709 §3.2); BT.601 is meant where nothing is said. */
const LUMA = { bt709: { red: 0.2126, blue: 0.0722 }, bt601: { red: 0.299, blue: 0.114 } } as const;

/**
 * The same picture in planar YCbCr, 4:2:0: `width × height` luma samples, then the two chroma planes. Width and height are
 * even. Chroma is the mean of four pixels.
 */
export function rgbaToI420(
  rgba: Uint8ClampedArray,
  width: number,
  height: number,
  { matrix, fullRange }: YuvColour,
): Uint8Array<ArrayBuffer> {
  const { red, blue } = matrix === 'bt709' ? LUMA.bt709 : LUMA.bt601;
  const green = 1 - red - blue;
  const [offset, lumaScale, chromaScale] = fullRange ? [0, 1, 1] : [16, 219 / 255, 224 / 255];
  const [yr, yg, yb] = [red * lumaScale, green * lumaScale, blue * lumaScale];
  const cbScale = chromaScale / (2 * (1 - blue)) / 4;
  const crScale = chromaScale / (2 * (1 - red)) / 4;
  const out = new Uint8Array((width * height * 3) / 2);
  let chroma = width * height;
  const chromaSize = chroma / 4;
  for (let row = 0; row < height; row += 2) {
    for (let column = 0; column < width; column += 2) {
      let [sumRed, sumGreen, sumBlue] = [0, 0, 0];
      for (let corner = 0; corner < 4; corner += 1) {
        const pixel = (row + (corner >> 1)) * width + column + (corner & 1);
        const r = rgba[pixel * 4] ?? 0;
        const g = rgba[pixel * 4 + 1] ?? 0;
        const b = rgba[pixel * 4 + 2] ?? 0;
        out[pixel] = offset + yr * r + yg * g + yb * b + 0.5;
        sumRed += r;
        sumGreen += g;
        sumBlue += b;
      }
      const luma = red * sumRed + green * sumGreen + blue * sumBlue;
      out[chroma] = Math.min(255, 128 + (sumBlue - luma) * cbScale + 0.5);
      out[chroma + chromaSize] = Math.min(255, 128 + (sumRed - luma) * crScale + 0.5);
      chroma += 1;
    }
  }
  return out;
}
