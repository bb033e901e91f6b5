import type { Ms } from "./quantity.ts";

/**
 * What is looked at in a container by its node's agent; `container` "": the pod's only one. Each
 * answer is an object with `main`, which names the first process: another one, another container.
 */
export type ContainerLook = { readonly container: string } & (
  | {
      /** `{open, limit, spare}`: files of the first process; so many more it could open. */
      readonly at: "files";
    }
  | {
      /**
       * `{now, limit, why}`: tasks, the most there may be (null: no limit), and why no process could
       * be started in the container's cgroup, as the kernel says it: `EAGAIN`; "": one was, and ended.
       */
      readonly at: "processes";
    }
  | {
      /**
       * `{sizeBytes, freeBytes, why}` of the file system that a folder is on, and why 64 KiB could
       * not be written there as the container's user: `ENOSPC`; "": they were, and are gone again.
       */
      readonly at: "disk";
      /** As the container sees it. */
      readonly path: string;
    }
  | {
      /**
       * `{bytes, tookMs}`: of the container's own program, from the disk past all caches, within the
       * container's limits.
       */
      readonly at: "reads";
      /** 4,096 to 67,108,864. */
      readonly bytes: number;
      /** Given up after this; at most 8,000. */
      readonly withinMs: Ms;
    }
);
