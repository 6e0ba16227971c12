// The last known state, for when there is no gateway to ask.

import { get, set } from "idb-keyval";
import type { Kept } from "../core/board";

export interface Memory {
  at: number;
  board: Kept;
}

const NAME = "last-known";

export async function remember(memory: Memory): Promise<void> {
  try {
    await set(NAME, memory);
  } catch {
    // A browser that keeps nothing shows nothing offline, and works as well otherwise.
  }
}

export async function recall(): Promise<Memory | undefined> {
  try {
    return await get<Memory>(NAME);
  } catch {
    return undefined;
  }
}
