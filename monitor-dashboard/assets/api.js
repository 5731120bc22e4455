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
    throw new ApiError(0, "the service does not answer; is it running?");
  }
  if (!response.ok) {
    const body = await response.json().catch(() => null);
    throw new ApiError(response.status, body?.error || body?.message || response.statusText || `HTTP ${response.status}`);
  }
  return response;
}

export async function get(path, params, signal) {
  return (await ask(url(path, params), { signal })).json();
}

export async function post(path, body) {
  return ask(url(path), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}
