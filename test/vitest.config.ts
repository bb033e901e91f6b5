import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    // Two cores: more workers only make timings worse.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: { ORT_DISABLE_TELEMETRY: "1" },
    projects: [
      {
        extends: true,
        test: {
          name: "fast",
          include: ["test/{unit,property,contract,golden,cli}/**/*.test.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.e2e.ts"],
          fileParallelism: false,
          maxConcurrency: 4,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: "full",
          include: ["test/full/**/*.full.ts"],
          fileParallelism: false,
          testTimeout: 30 * 60_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: "long",
          include: ["test/long/**/*.long.ts"],
          fileParallelism: false,
          testTimeout: 90 * 60_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
