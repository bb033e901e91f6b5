import type { CgroupSetup } from "./host/cgroup.ts";
import type { Layout, Machine } from "./layout.ts";

/** One supervised process of a machine. */
export interface Service {
  readonly name: string;
  readonly argv: readonly string[];
  /** Pause before it is started again, whatever it ended with. */
  readonly restartSec: number;
  /** Shell test that must hold before the first start. */
  readonly after?: string;
}

/** Shell test: the API server has answered once since the cluster came up. */
export const API_READY = "[ -e /ninety/etc/api-ready ]";

/** Looked at every minute: a log that is longer is cut to its last quarter. */
const LOG_MAX_BYTES = 32 * 2 ** 20;

const SERVICE_PATH = "/ninety/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A word that the shell takes as it is. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/**
 * PID 1 of a machine, first half: a root of its own. The programs of the host are there, read-only;
 * /etc, /var, /run and /tmp are the machine's, so nothing that runs in it can touch a file of the
 * host, and only /var outlives a power cycle.
 */
export function bootScript(
  machine: Pick<Machine, "name" | "folder" | "logFolder" | "role">,
  base: Pick<Layout, "paths">,
  cgroup: CgroupSetup,
): string {
  return `#!/bin/sh
set -eu
export PATH=${SERVICE_PATH}
mount -t tmpfs -o mode=755,size=64m ninety ${machine.folder}/root
cd ${machine.folder}/root
mkdir dev proc sys run tmp var etc old ninety ninety/bin ninety/etc ninety/log
for top in bin sbin lib lib32 lib64 libx32 usr nix; do
  if [ -L /$top ]; then
    ln -s "$(readlink /$top)" $top
  elif [ -d /$top ]; then
    mkdir $top
    mount --rbind /$top $top
    mount -o remount,bind,ro $top
  fi
done
mount --bind ${base.paths.bin} ninety/bin
mount -o remount,bind,ro ninety/bin
mount --bind ${machine.folder}/config ninety/etc
mount -o remount,bind,ro ninety/etc
mount --bind ${machine.logFolder} ninety/log
mount --bind ${machine.folder}/disk var
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=1777 tmp tmp
cp -R ${machine.folder}/config/etc/. etc/
for item in alternatives ld.so.cache ld.so.conf ld.so.conf.d protocols services iproute2; do
  if [ -e /etc/$item ]; then cp -a /etc/$item etc/; fi
done
${cgroupMounts(cgroup)}
pivot_root . old
cd /
umount -l /old
rmdir /old
mount --make-rshared /
echo ${machine.name} > /proc/sys/kernel/hostname
${machine.role === "node" ? nodeIdentity() : ""}
exec /bin/sh /ninety/etc/run.sh
`;
}

/** The cgroup namespace makes the machine's own cgroup the root of what is mounted here. */
function cgroupMounts(cgroup: CgroupSetup): string {
  if (cgroup.version === 2)
    // Processes may not stay in a cgroup whose children have controllers.
    return `mount -t cgroup2 cgroup sys/fs/cgroup
mkdir sys/fs/cgroup/init
echo $$ > sys/fs/cgroup/init/cgroup.procs
for controller in $(cat sys/fs/cgroup/cgroup.controllers); do
  echo +$controller > sys/fs/cgroup/cgroup.subtree_control
done`;
  const mounts = cgroup.hierarchies.flatMap(({ folder, options, controllers }) => [
    `mkdir sys/fs/cgroup/${folder}`,
    `mount -t cgroup -o ${options} cgroup sys/fs/cgroup/${folder}`,
    ...controllers
      .filter((controller) => controller !== folder)
      .map((controller) => `ln -s ${folder} sys/fs/cgroup/${controller}`),
  ]);
  return ["mount -t tmpfs -o mode=755 cgroup sys/fs/cgroup", ...mounts].join("\n");
}

/**
 * The kernel is shared: a node must not say that it is the same machine as the next one, and the
 * kubelet must find the sysctls as it wants them rather than change the host's.
 */
function nodeIdentity(): string {
  return `cat /proc/sys/kernel/random/uuid > /run/boot-id
mount --bind /run/boot-id /proc/sys/kernel/random/boot_id
if [ -e /sys/class/dmi/id/product_uuid ]; then
  mount --bind /ninety/etc/product-uuid /sys/class/dmi/id/product_uuid
fi
for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops \\
  kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
  if [ -e /proc/sys/$name ]; then mount --bind /ninety/etc/sysctl/\${name##*/} /proc/sys/$name; fi
done
echo 1 > /proc/sys/net/ipv4/ip_forward
if [ -e /proc/sys/net/bridge ]; then echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables; fi
mkdir -p /var/lib/kubelet /var/lib/containerd /var/log/pods /var/log/containers`;
}

/** PID 1 of a machine, second half: its services, each started again when it ends, for ever. */
export function runScript(name: string, services: readonly Service[]): string {
  const starts = services.map(({ name, restartSec, argv, after }) => {
    const start = `supervise ${name} ${restartSec} ${argv.map(shellWord).join(" ")} &`;
    return after === undefined ? start : `until ${after}; do sleep 0.05; done\n${start}`;
  });
  return `#!/bin/sh
# Services of ${name}.
set -u
export PATH=${SERVICE_PATH}
# supervise NAME SECONDS ARGV...: started again SECONDS after it ended.
supervise() {
  name=$1 pause=$2
  shift 2
  while :; do
    "$@" >> /ninety/log/$name.log 2>&1 < /dev/null
    echo "$(date -u +%FT%TZ) $name ended with $?" >> /ninety/log/exits.log
    sleep $pause
  done
}
${starts.join("\n")}
# Waiting also reaps what its parents left behind.
while :; do
  sleep 60 &
  wait $!
  for file in /ninety/log/*.log; do
    if [ "$(stat -c %s "$file")" -gt ${LOG_MAX_BYTES} ]; then
      tail -c ${LOG_MAX_BYTES / 4} "$file" > "$file.old"
      : > "$file"
    fi
  done
done
`;
}
