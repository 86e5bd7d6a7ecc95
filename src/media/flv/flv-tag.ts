/** TagType (Adobe FLV specification 10.1, §E.4.1); the types of RTMP's messages are the same. */
export const FLV_TAG = { audio: 8, video: 9, script: 18 } as const;

/** What an FLV file begins with (§E.2). */
export const FLV_SIGNATURE = [0x46, 0x4c, 0x56];
/** Bytes of its header, as version 1 has it. */
export const FLV_HEADER_SIZE = 9;
/** PreviousTagSize, which is behind the header and behind every tag. */
export const FLV_BACK_POINTER_SIZE = 4;
/** Bytes of a tag before its body. */
export const FLV_TAG_HEADER_SIZE = 11;
