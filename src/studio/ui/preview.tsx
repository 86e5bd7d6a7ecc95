import { type ReactElement, type ReactNode, useEffect, useRef } from 'react';

/** Shows what is captured, without sound. `children` lie over it; `placeholder` is shown without a picture. */
export function Preview(props: {
  track: MediaStreamTrack | null;
  placeholder: ReactNode;
  children?: ReactNode;
}): ReactElement {
  const video = useRef<HTMLVideoElement>(null);
  const { track } = props;
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = track ? new MediaStream([track]) : null;
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  return (
    <div className="preview">
      <video
        ref={video}
        className="preview-video"
        muted
        autoPlay
        playsInline
        aria-label="Preview"
        hidden={!track}
      />
      {props.placeholder && <div className="preview-placeholder">{props.placeholder}</div>}
      {props.children}
    </div>
  );
}
