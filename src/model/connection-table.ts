// Names of the samples that tell of the clients' connection table: whoever measures reads what the
// sampler wrote.

/**
 * Entries by `backend` (pod, or address where no pod is known), `address`, `ready` (a ready endpoint
 * now: `true`, `false`) and `state`. Backends beyond the first hundred are one, `others`, of which
 * `ready` is `unknown`.
 */
export const CONNECTIONS = "client_connections";

/**
 * Clients' sockets that wait for an answer to their SYN at this moment and did not at the reading
 * before, by the `backend`, `address` and `ready` of the entry that decides where it goes: where
 * connections are sent that were begun in between. A client that has given up may keep its socket.
 */
export const CONNECTIONS_WAITING = "client_connections_waiting";
