// Answers every GET with 200, and says how many bytes it was sent: `net-server.js <port>`.
import { createServer } from "node:http";

createServer((request, answer) => {
  let bytes = 0;
  request.on("data", (chunk) => (bytes += chunk.length));
  request.on("end", () => answer.end(`${bytes}\n`));
}).listen(Number(process.argv[2]));
