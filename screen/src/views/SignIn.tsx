import { useState } from "preact/hooks";
import { link, signIn } from "../app";
import { sent } from "../texts/sent";
import { t } from "../texts/text";

export function SignIn() {
  const [secret, setSecret] = useState("");
  const { ended } = link.value;
  return (
    <form
      class="sign-in panel"
      onSubmit={(event) => {
        event.preventDefault();
        const given = secret.trim();
        if (given) signIn(given.startsWith("gridcast_") ? { key: given } : { token: given });
      }}
    >
      <h1>{t("sign_in")}</h1>
      <p>{t("sign_in_why")}</p>
      {ended?.reason && <p class="wrong">{t("wrong", { why: sent(ended.reason).text })}</p>}
      <label>
        {t("key_or_token")}
        <input
          type="password"
          autocomplete="off"
          value={secret}
          onInput={(event) => setSecret(event.currentTarget.value)}
        />
      </label>
      <button type="submit">{t("sign_in")}</button>
    </form>
  );
}
