import { escapeHtml } from './escape-html.ts';

/** The look of the app (src/web/styles/tokens.css) in a few lines: these pages stand without the built ones. */
const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --accent: light-dark(#0b5c73, #74cbe2); }
body { display: grid; place-items: center; min-height: 100vh; margin: 0; background: light-dark(#f4f7f8, #0e1418);
  color: light-dark(#15212b, #e8eef2); }
main { box-sizing: border-box; width: min(30rem, 100%); padding: 1.5rem; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 1rem; color: light-dark(#51606c, #a2b2be); }
a { color: var(--accent); }
code { overflow-wrap: anywhere; }
label { display: block; font-weight: 600; }
input, button { font: inherit; padding: .5rem .75rem; margin-top: .5rem; border-radius: .5rem; }
input { width: 100%; box-sizing: border-box; border: 1px solid light-dark(#84929e, #657683);
  background: light-dark(#fff, #172027); color: inherit; }
button { border: 0; background: light-dark(#0b5c73, #1a7a95); color: #fff; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.problem { border-left: .25rem solid currentcolor; padding-left: .75rem; color: light-dark(#a91e14, #ff9d92); }
`;

/** A page with a heading and one paragraph, for what needs no more. */
export const formatMessagePage = (title: string, message: string): string =>
  page(title, `<p>${escapeHtml(message)}</p><p><a href="/">To the channels</a></p>`);

/** The page that a browser gets in place of one that it must be signed in for. */
export function formatSignInPage(next: string, problem?: string): string {
  const action = `/sign-in?next=${encodeURIComponent(next)}`;
  return page(
    'Sign in to Headwater',
    `${problem ? `<p class="problem" role="alert">${escapeHtml(problem)}</p>` : ''}
<p>This page is for the people who run this server. Open the address that Headwater printed when it started, the one with
<code>?token=</code> in it, or enter the token here. It is kept in the file <code>admin-token</code> in the data
folder, unless <code>HEADWATER_ADMIN_TOKEN</code> is set.</p>
<form method="post" action="${escapeHtml(action)}">
<label for="token">Admin token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Sign in</button>
</form>`,
  );
}

const page = (title: string, body: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<style>${STYLE}</style>
</head>
<body><main><h1>${escapeHtml(title)}</h1>
${body}
</main></body>
</html>
`;
