import { useEffect, useRef, useState } from "preact/hooks";
import { link } from "../app";
import { Unanswered } from "../edge/http";

export interface Fetched<Value> {
  value: Value | null;
  /** Why there is none, or only an older one. */
  failed: string | null;
  missing: boolean;
}

const AT_MOST_EVERY_MS = 2_000;

/** Ask for something, and again whenever `because` changes; an older answer never wins. */
export function useFetched<Value>(ask: () => Promise<Value>, because: string): Fetched<Value> {
  const [found, setFound] = useState<Fetched<Value>>({ value: null, failed: null, missing: false });
  const answeredAt = useRef(0);
  const isLive = link.value.state === "live";
  useEffect(() => {
    if (!isLive) return;
    let over = false;
    const wait = Math.max(0, answeredAt.current + AT_MOST_EVERY_MS - Date.now());
    const timer = setTimeout(async () => {
      let now: (before: Fetched<Value>) => Fetched<Value>;
      try {
        const value = await ask();
        now = () => ({ value, failed: null, missing: false });
      } catch (error) {
        const missing = error instanceof Unanswered && error.status === 404;
        const why = error instanceof Error ? error.message : String(error);
        now = (before) => ({ ...before, failed: why, missing });
      }
      if (over) return;
      answeredAt.current = Date.now();
      setFound(now);
    }, wait);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [because, isLive]);
  return found;
}
