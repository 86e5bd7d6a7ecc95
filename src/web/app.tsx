import { CSPProvider } from '@base-ui/react/csp-provider';
import { lazy, type ReactElement, Suspense } from 'react';
import { useObservable } from '../studio/ui/use-observable.ts';
import { signedOut } from './api/request.ts';
import { AppShell } from './components/app-shell.tsx';
import { ChannelsPage } from './pages/channels-page.tsx';
import { NotFoundPage } from './pages/not-found-page.tsx';
import { RecordingPage } from './pages/recording-page.tsx';
import { RecordingsPage } from './pages/recordings-page.tsx';
import { SignInPage } from './pages/sign-in-page.tsx';
import { matchRoute, type Route } from './route.ts';

const RecordPage = lazy(async () => ({ default: (await import('./pages/record-page.tsx')).RecordPage }));
const StudioPage = lazy(async () => ({ default: (await import('./pages/studio-page.tsx')).StudioPage }));

/** The app: the page of the address, or the sign-in where the server wants one. */
export function App({ pathname }: { pathname: string }): ReactElement {
  const route = matchRoute(pathname);
  const mustSignIn = useObservable(signedOut);
  // For people who have a link with a key and know nothing of the rest.
  if (route.page === 'record') {
    return (
      <CSPProvider disableStyleElements>
        <Suspense>
          <RecordPage search={location.search} hash={location.hash} />
        </Suspense>
      </CSPProvider>
    );
  }
  // A studio that is live goes on: its socket was let in already, and leaving would end the broadcast.
  if (mustSignIn && route.page !== 'studio') return <SignInPage />;
  return (
    <CSPProvider disableStyleElements>
      <AppShell page={route.page === 'recording' ? 'recordings' : route.page}>
        <Suspense>{pageOf(route)}</Suspense>
      </AppShell>
    </CSPProvider>
  );
}

function pageOf(route: Exclude<Route, { page: 'record' }>): ReactElement {
  switch (route.page) {
    case 'channels':
      return <ChannelsPage />;
    case 'studio':
      return <StudioPage channel={route.channel} />;
    case 'recordings':
      return <RecordingsPage />;
    case 'recording':
      return <RecordingPage id={route.id} />;
    case 'not-found':
      return <NotFoundPage />;
  }
}
