/** What the benchmark knows of a peer: how it computes the passes of a workload, each in one or several forms. */
import type { PeerKind, Refusal } from './report.ts';
import type { Results, Workload } from './workload.ts';

/** One way to compute a pass. The data is in the peer's own layout before it is called. */
export interface Case {
  /** How, where a peer can do it in several ways: `fused`, `composed`. */
  readonly form: string;
  /** What a batch of calls needs beforehand; not timed. */
  readonly enter?: () => Promise<void>;
  /** All of the work once, what it allocates given back. */
  readonly call: () => void | Promise<void>;
  /** What one more call gives, under our names and in our layout. */
  readonly results: () => Results | Promise<Results>;
}

export interface Prepared {
  readonly forward: readonly Case[] | Refusal;
  readonly backward: readonly Case[] | Refusal;
  /** A peer that cannot run its backward alone is timed with its forward, and the forward's time is taken off. */
  readonly backwardIncludesForward: boolean;
}

export interface Peer {
  /** Makes it ready: one thread, no network. */
  readonly open: () => Promise<void>;
  readonly prepare: (workload: Workload) => Prepared | Refusal | Promise<Prepared | Refusal>;
}

export interface PeerEntry {
  readonly name: string;
  readonly kind: PeerKind;
  readonly packages: readonly string[];
  /** Imports the packages: fails where they are not installed. */
  readonly load: () => Promise<Peer>;
}
