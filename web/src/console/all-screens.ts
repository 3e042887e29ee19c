// The screens of the console, part by part.

import { defendScreens } from "./defend/screens";
import { flowScreens } from "./flow/screens";
import { governScreens } from "./govern/screens";
import { monitorScreens } from "./monitor/screens";
import { operateScreens } from "./operate/screens";
import { peopleScreens } from "./people/screens";
import type { Screen } from "./kit/screen";

export const SCREENS: Screen[] = [...monitorScreens, ...defendScreens, ...flowScreens, ...peopleScreens, ...governScreens, ...operateScreens];
