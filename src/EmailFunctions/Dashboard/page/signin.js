// Signs a person in at the issuer of access tokens: its code flow with PKCE (RFC 7636), for which this page is a client without a secret. The ID
// token, if there is one, is not looked at, so that it needs no nonce; state and the verifier tie the answer to this page.

// Kept only while the issuer's page is shown, since this one is gone meanwhile. It opens nothing without the code, which comes back but once.
const pending = 'sign-in';

const home = () => `${location.origin}/dashboard/`;
const base64Url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const random = () => base64Url(crypto.getRandomValues(new Uint8Array(32)));
const digest = async (text) => base64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));

/** Where people sign in; null where they don't. */
export async function findWay() {
  const answer = await fetch('sign-in.json', { cache: 'no-store', redirect: 'error' });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail);
  return body.code_flow;
}

/** Leaves for the issuer's page. */
export async function leave(way) {
  const [verifier, state] = [random(), random()];
  const address = new URL(way.authorization_endpoint);
  const query = {
    response_type: 'code', client_id: way.client_id, redirect_uri: home(), scope: way.scope, state, code_challenge: await digest(verifier), code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  sessionStorage.setItem(pending, JSON.stringify({ verifier, state }));
  location.assign(address);
}

/** The access token, where this page was opened by the issuer's; else null. */
export async function comeBack() {
  const query = new URLSearchParams(location.search);
  const kept = JSON.parse(sessionStorage.getItem(pending) ?? 'null');
  sessionStorage.removeItem(pending);
  if (!query.has('state')) return null;
  history.replaceState(null, '', home());
  if (kept === null || query.get('state') !== kept.state) throw new Error('This sign-in did not begin here, or is over. Begin again.');
  if (!query.has('code')) throw new Error(`The issuer did not sign you in: ${query.get('error_description') ?? query.get('error')}`);
  return exchange(await findWay(), query.get('code'), kept.verifier);
}

async function exchange(way, code, verifier) {
  let answer;
  try {
    const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: way.client_id, redirect_uri: home(), code, code_verifier: verifier });
    answer = await fetch(way.token_endpoint, { method: 'POST', body, cache: 'no-store', credentials: 'omit', redirect: 'error' });
  } catch {
    throw new Error('The issuer can’t be reached, or does not let this page fetch a token.');
  }
  const given = await answer.json().catch(() => null);
  if (!answer.ok || typeof given?.access_token !== 'string') throw new Error('The issuer gave no token. Sign in again.');
  return given.access_token;
}
