// Of a program's account: what it is for, and from where it may be used.

import { useTranslation } from "react-i18next";
import { FormButton } from "../kit/form";
import { useMay } from "../kit/me";
import { Block, Fact, Facts, Tone } from "../kit/parts";

export function Service({ address, networks, purpose, again }: { address: string; networks: string[]; purpose: string; again: () => void }) {
  const { t } = useTranslation();
  const beside = useMay()("account.change") && (
    <FormButton
      label="provision.networks-change"
      action="service-networks"
      submit="kit.keep"
      fixed={{ address }}
      initial={{ networks: networks.join("\n"), purpose }}
      fields={[{ name: "networks", label: "provision.networks", hint: "provision.networks-hint", kind: "lines", isOptional: true }, { name: "purpose", label: "provision.purpose" }]}
      done={again}
    />
  );
  return (
    <Block title="provision.service" beside={beside}>
      <Facts>
        <Fact name="provision.purpose">{purpose || <span className="text-quiet">–</span>}</Fact>
        <Fact name="provision.networks">{networks.length === 0 ? <Tone tone="warning">{t("provision.anywhere")}</Tone> : <ul>{networks.map((network) => <li key={network}><code dir="ltr">{network}</code></li>)}</ul>}</Fact>
      </Facts>
      <p className="mt-3 text-quiet">{t("provision.service-password")} <code dir="ltr">{`tradewind app-password add ${address} LABEL`}</code></p>
    </Block>
  );
}
