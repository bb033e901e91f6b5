/** Uniform in [0, 1), the same for the same seed and label on every machine. */
export type Random = () => number;

/**
 * A stream of its own for each label: what one consumer draws shifts no other's draws.
 * sfc32 over a 128-bit mix of the text; not for secrets.
 */
export function randomOf(seed: string, label: string): Random {
  let [a, b, c, d] = mix(`${seed}\u0000${label}`);
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 16; round += 1) next();
  return next;
}

function mix(text: string): [number, number, number, number] {
  let [a, b, c, d] = [1779033703, 3144134277, 1013904242, 2773480762];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    a = b ^ Math.imul(a ^ code, 597399067);
    b = c ^ Math.imul(b ^ code, 2869860233);
    c = d ^ Math.imul(c ^ code, 951274213);
    d = a ^ Math.imul(d ^ code, 2716044179);
  }
  return [a ^ b, b ^ c, c ^ d, d ^ a];
}

/** `count` different whole numbers below `below`, as drawn; all of them if there are fewer. */
export function drawRanks(random: Random, count: number, below: number): readonly number[] {
  const left = Array.from({ length: below }, (_, rank) => rank);
  const drawn: number[] = [];
  while (drawn.length < count && left.length > 0) {
    drawn.push(...left.splice(Math.floor(random() * left.length), 1));
  }
  return drawn;
}
