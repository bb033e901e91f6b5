// Names of the samples that tell of the clients' connection table: whoever measures reads what the
// sampler wrote.

/**
 * Entries by `backend` (pod, or address where no pod is known), `address`, `ready` (a ready endpoint
 * now: `true`, `false`) and `state`. Backends beyond the first hundred are one, `others`, of which
 * `ready` is `unknown`.
 */
export const CONNECTIONS = "client_connections";

/**
 * Of the entries in SYN_SENT those whose last SYN is at most `SYN_FRESH_S` old, by `backend`,
 * `address` and `ready`: where connections are being sent now, whenever their entry was made.
 */
export const CONNECTIONS_TRIED = "client_connections_tried";

export const SYN_FRESH_S = 5;
