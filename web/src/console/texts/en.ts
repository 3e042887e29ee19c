import defend from "../defend/en.json";
import flow from "../flow/en.json";
import govern from "../govern/en.json";
import kit from "../kit/en.json";
import monitor from "../monitor/en.json";
import operate from "../operate/en.json";
import overview from "../overview/en.json";
import setup from "../setup/en.json";
import people from "../people/en.json";

export default { ...kit, ...overview, ...setup, ...monitor, ...defend, ...flow, ...people, ...govern, ...operate };
