import { type FormEvent, type ReactElement, useId, useState } from 'react';
import { wordsOfFailure } from '../api/api-failure.ts';
import { signIn } from '../api/session.ts';
import { ProblemNotice } from '../components/problem-notice.tsx';
import { useTitle } from '../components/use-title.ts';

/** In place of any page, when the session is missing or over: the admin token gets back to it. */
export function SignInPage(): ReactElement {
  const id = useId();
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  useTitle('Sign in');
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      await signIn(token.trim());
      location.reload();
    } catch (error) {
      setProblem(wordsOfFailure(error));
    }
  };
  return (
    <main className="sign-in">
      <form className="panel fields" onSubmit={(event) => void submit(event)}>
        <p className="brand">
          <img src="/favicon.svg" alt="" width="24" height="24" />
          Headwater
        </p>
        <h1>Sign in</h1>
        <p className="muted">
          Open the address that the server printed when it started, or enter its admin token. It is kept in
          the file <code>admin-token</code> in the server’s data folder.
        </p>
        <div className="field">
          <label htmlFor={id}>Admin token</label>
          <input
            id={id}
            type="password"
            autoComplete="current-password"
            required
            value={token}
            aria-invalid={problem ? true : undefined}
            onChange={(event) => setToken(event.target.value)}
          />
        </div>
        <ProblemNotice problem={problem} />
        <button type="submit" className="button button-primary button-large">
          Sign in
        </button>
      </form>
    </main>
  );
}
