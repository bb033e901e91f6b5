// Answers every GET with 200, and says how many bytes it was sent, or as many as `/<count>` asks
// for: `net-server.js <port>`.
import { createServer } from "node:http";

createServer((request, answer) => {
  let bytes = 0;
  request.on("data", (chunk) => (bytes += chunk.length));
  const wanted = Number(request.url.slice(1));
  request.on("end", () => answer.end(wanted > 0 ? "x".repeat(wanted) : `${bytes}\n`));
}).listen(Number(process.argv[2]));
