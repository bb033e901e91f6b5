// Two short runs of experiments/, each with the end that it must have.
import { suite } from "ninety";

export default suite({
  about: "One replica that is deleted is not missed; all of them are.",
  runs: {
    "pod-kill": { must: "pass", service: ["MASKED", "RECOVERED"], capacity: "RECOVERED" },
    "canary-broken": {
      must: "fail",
      service: { new: "RECOVERED", reused: "RECOVERED" },
      capacity: "RECOVERED",
    },
  },
  contrasts: [
    {
      title: "All replicas at once, and one of three",
      before: "canary-broken",
      after: "pod-kill",
      lane: "service",
      why: "how many replicas are deleted at the same moment",
    },
  ],
});
