; SPDX-License-Identifier: BSD-2-Clause
;
; The admitted lemmas of prelude.h for 64-bit words, as bit vectors: each must be unsat, for it says that the lemma
; is wrong. A word is its unsigned number; << and >> are bvshl and bvlshr, % and / are bvurem and bvudiv.

(define-sort word () (_ BitVec 64))
(define-fun one () word #x0000000000000001)
(define-fun zero () word #x0000000000000000)
(define-fun power_of_2 ((x word)) Bool (and (not (= x zero)) (= (bvand x (bvsub x one)) zero)))
(declare-const x word)
(declare-const a word)
(declare-const k word)

(echo "right_0")
(push)
(assert (not (= (bvlshr x zero) x)))
(check-sat)
(pop)

(echo "right_6")
(push)
(assert (not (= (bvlshr x #x0000000000000006) (bvudiv x #x0000000000000040))))
(check-sat)
(pop)

(echo "right_12")
(push)
(assert (not (= (bvlshr x #x000000000000000c) (bvudiv x #x0000000000001000))))
(check-sat)
(pop)

; The product is the mathematical one: its high half is zero.
(echo "left_10")
(push)
(assert (bvule x #x003fffffffffffff))
(assert (not (= (concat (_ bv0 64) (bvshl x #x000000000000000a)) (bvmul (concat (_ bv0 64) x) (_ bv1024 128)))))
(check-sat)
(pop)

(echo "left_12")
(push)
(assert (bvule x #x000fffffffffffff))
(assert (not (= (concat (_ bv0 64) (bvshl x #x000000000000000c)) (bvmul (concat (_ bv0 64) x) (_ bv4096 128)))))
(check-sat)
(pop)

(echo "mask_6")
(push)
(assert (not (= (bvand x #x000000000000003f) (bvurem x #x0000000000000040))))
(check-sat)
(pop)

(echo "mask_over_6")
(push)
(assert (not (= (bvand x #xffffffffffffffc0) (bvmul #x0000000000000040 (bvudiv x #x0000000000000040)))))
(check-sat)
(pop)

(echo "mask_12")
(push)
(assert (not (= (bvand x #x0000000000000fff) (bvurem x #x0000000000001000))))
(check-sat)
(pop)

(echo "mask_or_12")
(push)
(assert (not (= (= (bvand (bvor x a) #x0000000000000fff) zero)
	(and (= (bvurem x #x0000000000001000) zero) (= (bvurem a #x0000000000001000) zero)))))
(check-sat)
(pop)

; A power of two is 1 << k; a word that its lowest k bits leave as it is, shifted out and in again, is a multiple of it.
(echo "mask_align")
(push)
(assert (power_of_2 a))
(assert (forall ((j word)) (=> (bvult j #x0000000000000040) (not (= a (bvshl one j))))))
(check-sat)
(pop)

(echo "mask_align")
(push)
(assert (bvult k #x0000000000000040))
(assert (= a (bvshl one k)))
(define-fun r () word (bvand x (bvnot (bvsub a one))))
(assert (not (and (bvule r x) (bvult (bvsub x r) a) (= (bvshl (bvlshr r k) k) r))))
(check-sat)
(pop)

(echo "shifted_1")
(push)
(assert (bvult k #x0000000000000040))
(assert (not (power_of_2 (bvshl one k))))
(check-sat)
(pop)

(declare-const j word)

(echo "powers_ordered")
(push)
(assert (and (bvule j k) (bvult k #x0000000000000040)))
(assert (not (and (bvult zero (bvshl one j)) (bvule (bvshl one j) (bvshl one k)))))
(check-sat)
(pop)

(echo "powers_divide")
(push)
(assert (and (bvule j k) (bvult k #x0000000000000040)))
(assert (= (bvshl (bvlshr x k) k) x))
(assert (not (= (bvshl (bvlshr x j) j) x)))
(check-sat)
(pop)

(echo "power_right_12")
(push)
(assert (and (bvuge a #x0000000000001000) (power_of_2 a)))
(assert (not (power_of_2 (bvlshr a #x000000000000000c))))
(check-sat)
(pop)
