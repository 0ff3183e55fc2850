import { suite } from "./contract.ts";
import { expressInsideNodeSubject, expressSubject, nestSubject } from "./express.ts";
import { honoInsideNodeSubject, honoSubject, nodeSubject } from "./subjects.ts";
import { workersSubject } from "./workers/subject.ts";

suite(nodeSubject);
suite(honoSubject);
suite(honoInsideNodeSubject);
suite(expressSubject);
suite(expressInsideNodeSubject);
suite(nestSubject);
suite(workersSubject);
