// Calls the service. The token lives in this module's memory and nowhere else: a reload forgets it.

let token = null;

export class Refused extends Error {}

export const signIn = (text) => { token = text.trim(); };
export const signOut = () => { token = null; };
export const isSignedIn = () => token !== null;

const sentenceOf = (problem, status) => {
  if (!problem) return `The service answered ${status}.`;
  const errors = Object.entries(problem.errors ?? {}).map(([field, texts]) => `${field} ${texts.join(', ')}`);
  return errors.length > 0 ? `${errors.join('; ')}.` : problem.detail ?? problem.title;
};

async function call(method, path, body) {
  const headers = {};
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store', redirect: 'error' });
  } catch {
    throw new Error('The service can’t be reached.');
  }
  if (answer.ok) return answer;
  const problem = answer.headers.get('Content-Type')?.includes('json') ? await answer.json().catch(() => null) : null;
  if (answer.status === 401) throw new Refused(token === null ? '' : 'This credential is not accepted: it is wrong, or its time is over.');
  if (answer.status === 403) throw new Refused('This credential is not an administrator’s.');
  throw new Error(sentenceOf(problem, answer.status));
}

export const get = async (path) => (await call('GET', path)).json();
export const getText = async (path) => (await call('GET', path)).text();
export const post = async (path, body) => (await call('POST', path, body)).json();
