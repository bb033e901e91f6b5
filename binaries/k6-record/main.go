// The k6 command with one extension: the output `record` and the JavaScript module `k6/x/record`.
// Together they write one line for every intended request, also for those that stock k6 loses:
// dropped ticks and whatever is in flight when the test ends.
package main

import (
	"go.k6.io/k6/v2/cmd"
	"go.k6.io/k6/v2/js/modules"
	"go.k6.io/k6/v2/output"
)

func main() {
	shared := newRecorder()
	modules.Register("k6/x/record", &module{shared})
	output.RegisterExtension("record", func(params output.Params) (output.Output, error) {
		return newFileOutput(shared, params)
	})
	cmd.Execute()
}
