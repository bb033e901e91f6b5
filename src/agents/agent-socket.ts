/** Where the node agent listens, in its own container. */
export const agentSocketPath = (): string =>
  process.env["NINETY_AGENT_SOCKET"] ?? "/run/ninety/agent.sock";
