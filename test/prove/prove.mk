# SPDX-License-Identifier: BSD-2-Clause
# Proofs (Frama-C): the contracts in the source, docs/proofs.md.
#
#   make prove                 all modules; the last line is "N of N goals proved"
#   make prove MODULES="e820 eva-mm"  some of them

PROVE_PACKAGES := cvc4 cvc5 frama-c-base gcc make python3 why3 z3

prove-packages:
	@test/run-packages $(PROVE_PACKAGES)

prove: prove-packages
	@/usr/bin/python3 test/prove/prove.py $(BUILD)/prove $(MODULES)

.PHONY: prove prove-packages
