#!/usr/bin/env node
// Plain JavaScript: npm may run it under an older Node; the program itself runs under Node 24.
import { reexecute } from "./with-node.js";

reexecute("src/cli.ts", process.argv.slice(2));
