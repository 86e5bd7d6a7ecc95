import type { ReactElement } from 'react';
import { useTitle } from '../components/use-title.ts';
import { paths } from '../route.ts';

/** For an address that leads nowhere. */
export function NotFoundPage(): ReactElement {
  useTitle('Not found');
  return (
    <div className="page">
      <h1>There is no such page</h1>
      <p className="muted">The address may be mistyped, or its channel was renamed or deleted.</p>
      <p>
        <a className="button" href={paths.channels}>
          To the channels
        </a>
      </p>
    </div>
  );
}
