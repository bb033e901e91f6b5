module ninety/binaries/pause

go 1.26.0
