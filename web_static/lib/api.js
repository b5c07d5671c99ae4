// Calls operations by name. Which ones exist, and where, the server says when somebody signs in.

/** A problem document (RFC 9457) as an exception. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The server answered ${status}`);
    this.status = status;
    this.title = problem.title || 'The console cannot be reached';
    this.code = problem.code || '';
    this.requestId = problem.request_id || '';
    this.fix = problem.fix || [];
    this.errors = problem.errors || [];
  }
}

/** Who is signed in: {user, role, expires, min_password, operations}; user is null when nobody is. */
export const session = { user: null, setup: false, operations: {} };
const watchers = new Set();

export function onSession(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function adopt(found) {
  for (const key of Object.keys(session)) delete session[key];
  Object.assign(session, { operations: {}, setup: false }, found);
  for (const watcher of watchers) watcher();
  return session;
}

export function can(operation) {
  return operation in session.operations;
}

async function send(method, url, body, signal) {
  const options = { method, signal, credentials: 'same-origin', headers: { Accept: 'application/json' } };
  if (method !== 'GET') {
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body ?? {});
    // What a person confirmed holds for the thing in whatever state: a key's last use changes while one looks at it.
    if (method !== 'POST') options.headers['If-Match'] = '*';
  }
  let answer;
  try {
    answer = await fetch(url, options);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, { title: 'The console cannot be reached', detail: 'The daemon may be restarting.' });
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    if (answer.status === 401 && session.user) adopt({ user: null });
    throw new ApiError(answer.status, problem);
  }
  return answer;
}

/** Calls an operation and returns its result; a stream's result is the array of its items. */
export async function call(operation, args = {}, { signal } = {}) {
  const route = session.operations[operation];
  if (!route) throw new ApiError(403, { title: 'Not allowed', detail: `Your role does not include ${operation}.` });
  const left = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined && value !== ''));
  const path = route.path.replace(/\{(\w+)\}/g, (_, name) => {
    const value = left[name];
    delete left[name];
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  if (route.method === 'GET') {
    for (const [name, value] of Object.entries(left)) query.append(name, Array.isArray(value) ? value.join(',') : value);
  }
  const answer = await send(route.method, query.size ? `${path}?${query}` : path, left, signal);
  if (!route.stream) return answer.json();
  const items = (await answer.text()).split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const last = items.at(-1);
  if (last?.problem) throw new ApiError(500, last.problem);
  return items;
}

export async function loadSession() {
  return adopt(await (await send('GET', '/api/v1/auth/session')).json());
}

export async function signIn(user, password) {
  return adopt(await (await send('POST', '/api/v1/auth/login', { user, password })).json());
}

export async function setUp(token, user, password) {
  return adopt(await (await send('POST', '/api/v1/setup', { token, user, password })).json());
}

export async function changePassword(current, password) {
  return adopt(await (await send('POST', '/api/v1/auth/password', { current, password })).json());
}

export async function signOut() {
  await send('POST', '/api/v1/auth/logout');
  adopt({ user: null });
}
