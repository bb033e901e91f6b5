// Names of the samples that tell of the clients' connection table: whoever measures reads what the
// sampler wrote.

/**
 * Entries by `backend` (pod, or address where no pod is known), `address`, `ready` (a ready endpoint
 * now: `true`, `false`) and `state`. Backends beyond the first hundred are one, `others`, of which
 * `ready` is `unknown`.
 */
export const CONNECTIONS = "client_connections";

/**
 * Clients' sockets that wait for an answer to their SYN at this moment, by the `backend`, `address`
 * and `ready` of the entry that decides where it goes.
 */
export const CONNECTIONS_WAITING = "client_connections_waiting";
