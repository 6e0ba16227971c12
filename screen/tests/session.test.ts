import { describe, expect, test } from "vitest";
import { Session } from "../src/core/session";
import { alarm, current, forecast, welcome } from "./made";

const text = (message: unknown) => JSON.stringify(message);
const said = (messages: string[]) => messages.map((one) => JSON.parse(one));

/** A session that is let in, with one subscription. */
function live(now = 0): Session {
  const session = new Session({ key: "k" }, now, () => 0);
  session.connecting(now);
  session.opened(now);
  session.subscribe({ subscription: "grid", all: true });
  session.heard(text(welcome()), now);
  return session;
}

describe("a session", () => {
  test("says who it is first, and subscribes when it is let in", () => {
    const session = new Session({ key: "k" }, 0);
    expect(session.look(0)).toBe("connect");
    session.connecting(0);
    expect(session.subscribe({ subscription: "grid", all: true })).toEqual([]);
    expect(said(session.opened(0))).toEqual([{ type: "authenticate", key: "k" }]);
    expect(said(session.heard(text(welcome()), 1).say)).toEqual([
      { type: "subscribe", subscription: "grid", all: true },
    ]);
    expect(session.state).toBe("live");
  });

  test("hands on what it hears of the grid", () => {
    const delta = { type: "forecast", seq: [0, 7], forecast: forecast() };
    expect(live().heard(text(delta), 5).deltas).toEqual([delta]);
  });

  test("resumes at the newest place of a heartbeat", () => {
    const session = live();
    session.heard(text(current("grid", { forecast: [3] })), 1);
    session.heard(text(current(null, { forecast: [9] })), 2);
    session.closed(1012, "", 3);
    session.connecting(600);
    session.opened(600);
    expect(said(session.heard(text(welcome()), 601).say)[0].resume).toEqual({
      epoch: "e",
      seq: { forecast: [9] },
    });
  });

  test("asks for a whole snapshot again where the first one was cut off", () => {
    const session = live();
    session.heard(text(current(null, { forecast: [9] })), 2);
    session.closed(1006, "", 3);
    session.connecting(600);
    session.opened(600);
    expect(said(session.heard(text(welcome()), 601).say)[0]).not.toHaveProperty("resume");
  });

  test("does not take the place of one subscription for that of another", () => {
    const session = live();
    session.heard(text(current("grid", { forecast: [3] })), 1);
    session.subscribe({ subscription: "more", series: ["m"] });
    session.heard(text(current("more", { forecast: [8] })), 2);
    session.closed(1006, "", 3);
    session.connecting(600);
    session.opened(600);
    const resumed = said(session.heard(text(welcome()), 601).say);
    expect(resumed.map((one) => one.resume.seq.forecast)).toEqual([[3], [8]]);
  });

  test("tells when the topics were made anew", () => {
    const session = live();
    session.heard(text(current("grid", {})), 1);
    expect(session.heard(text(current(null, {}, "other")), 2).anew).toBe(true);
  });

  test("waits longer each time, and connects again by itself", () => {
    const session = live();
    session.closed(1006, "", 1000);
    expect(session.look(1100)).toBeNull();
    expect(session.look(1250)).toBe("connect");
    session.connecting(1250);
    session.closed(1006, "", 1300);
    expect(session.look(1550)).toBeNull();
    expect(session.look(1800)).toBe("connect");
    for (let again = 0; again < 20; again++) session.closed(1006, "", 2000);
    expect(session.retryAt).toBeLessThanOrEqual(2000 + 15_000);
  });

  test("does not try again with credentials that were turned away, until there are others", () => {
    const session = live();
    session.closed(4401, "no such key", 5);
    expect(session.state).toBe("refused");
    expect(session.look(1e9)).toBeNull();
    session.authenticate({ token: "t" }, 10);
    expect(session.look(10)).toBe("connect");
    session.connecting(10);
    expect(said(session.opened(10))[0]).toEqual({ type: "authenticate", token: "t" });
  });

  test("leaves a gateway alone for a minute that was asked too much", () => {
    const session = live();
    session.closed(4429, "", 0);
    expect(session.look(59_000)).toBeNull();
    expect(session.look(60_000)).toBe("connect");
  });

  test("takes a connection for dead that is silent for two heartbeats", () => {
    const session = live(1000);
    expect(session.look(20_000)).toBeNull();
    session.heard(text(current(null, {})), 20_000);
    expect(session.look(40_000)).toBeNull();
    expect(session.look(40_001)).toBe("close");
  });

  test("gives up a connection that is never opened", () => {
    const session = new Session({}, 0);
    session.connecting(0);
    expect(session.look(10_001)).toBe("close");
  });

  test("tells one answer from another by its request", () => {
    const session = live();
    const { request, say } = session.act("a", "shelve", "2026-01-01T13:00:00Z");
    expect(said(say)[0]).toMatchObject({ type: "act", alarm: "a", action: "shelve", request });
    const acted = { type: "acted", request, command: "c" };
    expect(session.heard(text(acted), 1).answer).toEqual(acted);
    expect(session.act("a", "unshelve", null).request).not.toBe(request);
  });

  test("passes over messages of a newer gateway", () => {
    expect(live().heard('{"type":"weather"}', 1).deltas).toEqual([]);
    expect(live().heard(text({ type: "alarm", seq: [0, 1], alarm: alarm("a") }), 1).deltas).toHaveLength(1);
  });
});
