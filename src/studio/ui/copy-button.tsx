import { Check, Copy } from 'lucide-react';
import { type ReactElement, useEffect, useState } from 'react';
import { copyText } from './copy-text.ts';

const SHOWN_FOR = 2500;

/** Copies a text, and says that it did. `label` is what it is called: "Copy watch link". */
export function CopyButton({
  text,
  label,
  short,
}: {
  text: string;
  label: string;
  short?: string;
}): ReactElement {
  const [result, setResult] = useState<'copied' | 'refused' | null>(null);
  useEffect(() => {
    if (!result) return;
    const timer = setTimeout(() => setResult(null), SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [result]);
  const copy = async () => setResult((await copyText(text)) ? 'copied' : 'refused');
  return (
    <>
      <button type="button" className="button" aria-label={label} onClick={() => void copy()}>
        {result === 'copied' ? <Check aria-hidden /> : <Copy aria-hidden />}
        {short ?? label}
      </button>
      <span role="status" className="visually-hidden">
        {result === 'copied' && 'Copied.'}
        {result === 'refused' && 'The browser did not allow copying. Select the text and copy it yourself.'}
      </span>
    </>
  );
}
