import { Tabs } from "../kit/tabs";

/** The registers of data protection, side by side. */
export function SubjectTabs() {
  return <Tabs label="subject.registers" tabs={[["/subjects", "subject.title"], ["/subjects/consents", "consent.title"], ["/subjects/processing", "processing.title"]]} />;
}
