import { LogOut } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { signOut } from '../api/session.ts';
import { paths } from '../route.ts';
import { useFocusFallback } from './use-focus-fallback.ts';

/** Header, navigation and the page. */
export function AppShell(props: { page: string; children: ReactNode }): ReactElement {
  const leave = async () => {
    await signOut().catch(() => {});
    location.assign(paths.channels);
  };
  const link = (page: string, href: string, text: string) => (
    <a href={href} aria-current={props.page === page ? 'page' : undefined}>
      {text}
    </a>
  );
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <header className="site-header">
        <a className="brand" href={paths.channels}>
          <img src="/favicon.svg" alt="" width="24" height="24" />
          <span className="label-wide">Headwater</span>
        </a>
        <nav aria-label="Pages">
          {link('channels', paths.channels, 'Channels')}
          {link('recordings', paths.recordings(), 'Recordings')}
        </nav>
        <button type="button" className="button button-quiet sign-out" onClick={() => void leave()}>
          <LogOut aria-hidden />
          <span className="label-wide">Sign out</span>
        </button>
      </header>
      <main id="main" ref={useFocusFallback()} tabIndex={-1}>
        {props.children}
      </main>
    </>
  );
}
