import defend from "../defend/zh-CN.json";
import flow from "../flow/zh-CN.json";
import govern from "../govern/zh-CN.json";
import kit from "../kit/zh-CN.json";
import monitor from "../monitor/zh-CN.json";
import operate from "../operate/zh-CN.json";
import overview from "../overview/zh-CN.json";
import setup from "../setup/zh-CN.json";
import people from "../people/zh-CN.json";

export default { ...kit, ...overview, ...setup, ...monitor, ...defend, ...flow, ...people, ...govern, ...operate };
