import { useState } from "preact/hooks";
import { board, link, mayAct, travelledTo, zone } from "../app";
import { ranked, type Shelf, shelfOf } from "../core/figures";
import { t, whoName } from "../texts/text";
import { AlarmList } from "./AlarmList";

const SHELVES: Shelf[] = ["active", "shelved", "suppressed", "over"];

export function AlarmsPage() {
  const [shelf, setShelf] = useState<Shelf>("active");
  const all = [...board.value.board.alarms.values()];
  const on = (which: Shelf) => all.filter((one) => shelfOf(one) === which);
  const found = ranked(on(shelf));
  const { welcome } = link.value;
  return (
    <section aria-labelledby="alarms-title">
      <div class="row">
        <h1 id="alarms-title">{t("alarms")}</h1>
        <fieldset class="shelves">
          <legend class="unseen">{t("state")}</legend>
          {SHELVES.map((which) => (
            <button
              key={which}
              type="button"
              class="quiet"
              aria-pressed={shelf === which}
              onClick={() => setShelf(which)}
            >
              {t(`shelf_${which}`)} <b>{on(which).length}</b>
            </button>
          ))}
        </fieldset>
      </div>
      {found.length ? (
        <AlarmList alarms={found} zone={zone.value} />
      ) : (
        <p class="empty">{t(shelf === "active" ? "alarms_none_active" : "alarms_none_shelf")}</p>
      )}
      <p class="dim help">
        {t("alarm_keys")}
        {welcome && (
          <>
            {" · "}
            {t("who", { who: whoName(welcome.who) })}
            {welcome.open && ` · ${t("open_gateway")}`}
            {!mayAct.value && travelledTo.value === null && ` · ${t("may_not")}`}
          </>
        )}
      </p>
    </section>
  );
}
