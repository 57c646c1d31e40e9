/* undef.h - forget the words of messages.def, so that the next inclusion can
 * give them another meaning. */
#undef STRUCT
#undef U8
#undef U16
#undef U24
#undef U32
#undef FIXED
#undef VEC8
#undef VEC16
#undef VEC24
#undef TEXT8
#undef TEXT16
#undef LIST8
#undef LIST16
#undef LIST24
#undef REST
#undef EXTENSIONS
#undef EXTENSIONS_OR_NONE
#undef NOTHING
#undef END
