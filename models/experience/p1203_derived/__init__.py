"""Streaming quality, **P.1203-derived**: separable and optional.

What it is: clean-room functions written from the published coefficients of ITU-T P.1203.1 (10/2016, mode 0: metadata
only), P.1203.2 and P.1203.3, for audio, video, audio-visual quality, session integration and stalling. Its last step
is ours: where P.1203.3 mixes in a random forest of 20 trees, this mixes in nothing, so that a good stream is over-rated
by about 0.08 (4.934 where the Recommendation's software says 4.857).

What it is not: ITU-T P.1203. It is not conformant, and its results must not be called P.1203 scores. Patents declared
to the ITU may read on P.1203: ask before you use it in a product. Nothing in cemcore and no service of the shipped
catalogue needs this package; delete the folder and its entry point `video_p1203_derived`, and it is gone.

`quality` = one second of audio, video, both; `session` = a whole session second by second; `records` = the plug-in.
"""
