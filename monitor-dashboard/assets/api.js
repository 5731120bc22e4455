// What the page asks the server, and how it hears of news.

/** Relative to the page, so that any path prefix works. */
const BASE = "api/v1";

/** The server's answer was no answer. `status` is HTTP's, or 0 where nothing answered. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The address of an endpoint with its parameters; what is empty is left out. */
export function url(path, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return `${BASE}/${path}${text ? `?${text}` : ""}`;
}

async function ask(address, options) {
  let response;
  try {
    response = await fetch(address, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "the service does not answer: it may be stopped, or the network between is down");
  }
  if (response.status === 401) location.assign("login");
  if (!response.ok) {
    const body = await response.json().catch(() => null);
    throw new ApiError(response.status, body?.error || response.statusText || `HTTP ${response.status}`);
  }
  return response;
}

export async function get(path, params, signal) {
  return (await ask(url(path, params), { signal })).json();
}

/** Changes something; the header is the server's proof that this page asked and no other. */
export async function send(method, path, body) {
  const headers = { "x-monitor-action": "1" };
  if (body !== undefined) headers["content-type"] = "application/json";
  const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
  const response = await ask(url(path), { method, headers, body: text });
  return response.headers.get("content-type")?.startsWith("application/json") ? response.json() : null;
}

/** An answer as text, to be kept or saved. */
export async function text(path, signal) {
  return (await ask(url(path), { signal })).text();
}
