import { useEffect } from 'react';

/** The document's title, with the product's name behind it. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · Headwater` : 'Headwater';
  }, [title]);
}
