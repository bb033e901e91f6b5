import { createServer, type Server } from "node:http";
import { EXIT, NinetyError, messageOf } from "../model/error.ts";

const HOST = "127.0.0.1";
const PORT_MAX = 65_535;
const CONNECTIONS_MAX = 16;
/** Of prom-client's text format. */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export interface MetricsServer {
  readonly port: number;
  /** From now on this is what is told. */
  show(text: () => Promise<string>): void;
  close(): void;
}

/** The port that was asked for; 0: any free one. Throws with exit 3. */
export function metricsPortOf(given: string): number {
  const port = /^\d{1,5}$/.test(given) ? Number(given) : NaN;
  if (port <= PORT_MAX) return port;
  throw new NinetyError(`--metrics-port must be 0 to ${PORT_MAX}, got ${given}`, {
    exit: EXIT.usage,
    hint: "0: any free port; it is told on stderr",
  });
}

/** `/metrics` on loopback, until it is closed; it keeps no process alive. Throws with exit 4. */
export async function serveMetrics(
  given: string,
  tell: (line: string) => void,
): Promise<MetricsServer> {
  let text = (): Promise<string> => Promise.resolve("");
  const server = createServer((request, response) => {
    const status = statusOf(request.method, request.url);
    if (status !== 200) return void response.writeHead(status).end();
    text().then(
      (body) => response.writeHead(200, { "content-type": CONTENT_TYPE }).end(body),
      (error: unknown) => response.writeHead(500).end(messageOf(error)),
    );
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.unref();
  const port = await listen(server, metricsPortOf(given));
  tell(`metrics at http://${HOST}:${port}/metrics`);
  return {
    port,
    show: (next) => (text = next),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function statusOf(method: string | undefined, url: string | undefined): 200 | 404 | 405 {
  if (url?.split("?", 1)[0] !== "/metrics") return 404;
  return method === "GET" ? 200 : 405;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(
        new NinetyError(`--metrics-port must be free on ${HOST}, got ${port}: ${error.message}`, {
          exit: EXIT.preflight,
          hint: "0: any free port; it is told on stderr",
          cause: error,
        }),
      );
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
