import { link, loaded, route, travelledTo } from "../app";
import { t } from "../texts/text";
import { AlarmsPage } from "./AlarmsPage";
import { Announcer } from "./Announcer";
import { Header } from "./Header";
import { Notices } from "./Notices";
import { OverviewPage } from "./OverviewPage";
import { SeriesPage } from "./SeriesPage";
import { SignIn } from "./SignIn";
import { TravelBar } from "./Travel";

export function App() {
  const { value: at } = route;
  const isOut = link.value.state === "refused";
  return (
    <div class={travelledTo.value === null ? "screen" : "screen travelling"}>
      {/* biome-ignore lint/a11y/useValidAnchor: it moves the focus without changing the route */}
      <a class="skip" href="#content" onClick={skip}>
        {t("skip")}
      </a>
      <Header />
      <TravelBar />
      <Notices />
      <main id="content" tabIndex={-1}>
        {isOut ? <SignIn /> : !loaded.value ? <Loading /> : null}
        {!isOut && loaded.value && at.page === "overview" && <OverviewPage />}
        {!isOut && loaded.value && at.page === "alarms" && <AlarmsPage />}
        {!isOut && loaded.value && at.page === "series" && <SeriesPage key={at.series} series={at.series} />}
      </main>
      <Announcer />
    </div>
  );
}

// The address holds the page: a plain link into it would leave it.
function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Loading() {
  return (
    <p class="empty" role="status">
      <span class="spinner" aria-hidden="true" />
      {t(link.value.state === "live" ? "loading" : "connecting")}
    </p>
  );
}
