/** As AMF0 has a string: its marker, its length, its bytes. */
const amfString = (text: string) => [2, 0, text.length, ...[...text].map((letter) => letter.charCodeAt(0))];
const SET_DATA_FRAME = amfString('@setDataFrame');
const ON_METADATA = amfString('onMetaData');

/**
 * What FLV has of a data message: `onMetaData` and what it says, without the `@setDataFrame` that asks a server to keep
 * it (Adobe, "Add metadata to a live stream"). Undefined for all other data.
 */
export function streamMetadataOf(data: Uint8Array): Uint8Array | undefined {
  const script = beginsWith(data, SET_DATA_FRAME) ? data.subarray(SET_DATA_FRAME.length) : data;
  return beginsWith(script, ON_METADATA) ? script : undefined;
}

const beginsWith = (bytes: Uint8Array, start: readonly number[]) =>
  start.every((byte, index) => bytes[index] === byte);
